//! `/avatars/ID/SIZE.svg`: a letter on a colour, for users without a picture of their own.

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{State, get};
use std::io::Cursor;

use crate::domain::{UserId, is_unseen};
use crate::web::App;
use crate::web::caller::ScoreReader;
use crate::web::error::ApiError;
use crate::web::kinds::Parameter;
use crate::web::path::UserIdPath;

/// The widths that can be drawn, in pixels.
const SIZES: std::ops::RangeInclusive<i64> = 1..=1024;

/// A picture.
pub struct Svg(String);

impl<'r> Responder<'r, 'static> for Svg {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .status(Status::Ok)
            .raw_header("Content-Type", "image/svg+xml; charset=utf-8")
            // The picture changes only with the user's names.
            .raw_header("Cache-Control", "public, max-age=3600")
            .sized_body(self.0.len(), Cursor::new(self.0))
            .ok()
    }
}

/// Draws a user's letter.
#[get("/avatars/<id>/<file>")]
pub async fn draw(_reader: ScoreReader, app: &State<App>, id: UserIdPath, file: &str) -> Result<Svg, ApiError> {
    let id = id.known()?;
    let size = file.strip_suffix(".svg").and_then(i64::from_text).filter(|size| SIZES.contains(size));
    let size = size.ok_or(ApiError::NotFound)?;
    Ok(Svg(svg(id, &app.standings.catalog().shown_name(id), size)))
}

/// The picture with the first letter of a name.
fn svg(id: UserId, name: &str, size: i64) -> String {
    let first = name.chars().find(|character| !character.is_whitespace() && !is_unseen(*character));
    let letter: String = first.into_iter().flat_map(char::to_uppercase).collect();
    let letter = match letter.as_str() {
        "&" => "&amp;",
        "<" => "&lt;",
        ">" => "&gt;",
        letter => letter,
    };
    // Steps of the golden angle: neighbouring ids get colours far apart. White is readable on all of them.
    let hue = i64::from(id) * 137 % 360;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}\" height=\"{size}\" viewBox=\"0 0 100 100\">\
         <rect width=\"100\" height=\"100\" fill=\"hsl({hue},55%,36%)\"/>\
         <text x=\"50\" y=\"50\" dy=\".36em\" fill=\"#fff\" font-family=\"sans-serif\" font-size=\"56\" \
         text-anchor=\"middle\">{letter}</text></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_stays_a_letter() {
        let id = UserId::try_from(13).expect("a user id");
        for (username, letter) in [("<script>", ">&lt;<"), ("&amp;", ">&amp;<"), ("ärger", ">Ä<"), ("ßa", ">SS<")] {
            assert!(svg(id, username, 48).contains(letter), "{}", svg(id, username, 48));
        }
        assert_eq!(svg(id, "a", 48), svg(id, "a", 48));
    }
}
