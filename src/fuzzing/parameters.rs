//! Queries and forms.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::domain::{Award, Period, UserId};
use crate::web::parameters::{PARAMETERS_MAX, Parameters};
use crate::web::request::Request;
use crate::web::requests::audit::ListAudit;
use crate::web::requests::events::{ListEvents, NewEvent};
use crate::web::requests::leaderboard::ShowBoard;

fn escaped(text: &str) -> String {
    percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string()
}

/// A query or a form. What was read and is written again is read as the same; of two values of one name the last counts; a
/// request that was read is the same after it was written again.
pub fn parameters(data: &[u8]) {
    let Ok(parameters) = Parameters::of_form(data) else { return };
    let texts = parameters.all_texts();
    let again: Vec<String> = texts.iter().map(|(name, text)| format!("{}={}", escaped(name), escaped(text))).collect();
    let again = Parameters::of_form(again.join("&").as_bytes()).expect("no more parameters than before");
    assert_eq!(again.all_texts(), texts);

    if let Some((name, _)) = texts.iter().find(|(name, _)| !name.ends_with("[]"))
        && data.iter().filter(|byte| **byte == b'&').count() < PARAMETERS_MAX - 1
    {
        let twice = [data, format!("&{}=last%20one", escaped(name)).as_bytes()].concat();
        let twice = Parameters::of_form(&twice).expect("few parameters");
        assert_eq!(twice.text(name), Some("last one"));
    }
    assert!(parameters.without_blanks().all_texts().len() <= texts.len());

    if let Ok(new) = NewEvent::read(&parameters) {
        let award = Award::from(new.clone());
        let mut form = format!("user_id={}&date={}&points={}", award.user_id, award.date, i64::from(award.points));
        if let Some(description) = &award.description {
            form += &format!("&description={}", escaped(description.as_str()));
        }
        if let Some(minimum) = award.minimum_score {
            form += &format!("&minimum_score={minimum}");
        }
        if let Some(username) = &new.username {
            form += &format!("&username={}", escaped(username.as_str()));
        }
        let again = NewEvent::read(&Parameters::of_form(form.as_bytes()).expect("few parameters")).expect("good");
        assert_eq!(again.username, new.username);
        assert_eq!(Award::from(again), award);
    }
    if let Ok(list) = ListEvents::read(&parameters) {
        assert!((1..=100).contains(&list.limit.get()) && list.user_id.len() <= 100);
    }
    let _ = ListAudit::read(&parameters);
    let _ = ShowBoard::read(&parameters);
    let _ = parameters.clearable::<Period>("period");
    let _ = parameters.filled::<UserId>("user_id");
    let _ = parameters.list::<UserId>("user_id");
}
