//! The podium: whoever is ahead stands higher, or as high where there is no room, whatever people are called.

use serde_json::json;

use super::Chrome;
use crate::leaderboards::set_user;
use crate::support::Server;

/// The upper edges of the three, from the first to the third.
const TOPS: &str =
    "return [...document.querySelectorAll('.podium li')].map(place => place.getBoundingClientRect().top)";

#[test]
fn the_second_never_stands_lower_than_the_third() {
    let server = Server::start();
    for (id, points) in [(13, 30), (14, 20), (15, 10)] {
        server.award(id, "2023-04-14", points);
    }
    let long = "Anna-Magdalena Bartholomäusdóttir of the Northern Reading Club";
    let chrome = Chrome::start();
    for names in [["Ann", "Bob", long], ["Ann", long, "Cid"], [long, "Bob", "Cid"], ["", "", long], ["", "", ""]] {
        for (id, name) in (13..).zip(names) {
            set_user(&server, id, &json!({"username": format!("user{id}"), "name": name}));
        }
        for width in [1440, 768, 641, 640, 481, 480, 360] {
            chrome.show(width, "light");
            chrome.open(&format!("{}/leaderboard?period=all_time", server.url()));
            let tops: Vec<f64> = serde_json::from_value(chrome.script(TOPS)).expect("numbers");
            let [first, second, third] = tops[..] else { panic!("{tops:?}") };
            assert!(first < second && second <= third, "{width}, {names:?}: {tops:?}");
        }
    }
}
