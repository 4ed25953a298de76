//! The pages in a real browser: what a person does, and what the browser has to say about it.

mod accessibility;
mod award;
mod chrome;
mod events;
mod flows;
mod members;
mod other_site;
mod podium;
mod reading;

use chrome::Chrome;

use crate::support::{KEY, Server};

/// Signs in with the configured key.
fn sign_in(chrome: &Chrome, server: &Server, key: &str) {
    chrome.open(&format!("{}/admin", server.url()));
    chrome.fill("#key", key);
    chrome.fill("#username", "ana");
    chrome.click("main button");
    chrome.wait_for_path("/admin/events");
}

/// A browser that is signed in on a new server.
fn signed_in() -> (Server, Chrome) {
    let server = Server::start();
    let chrome = Chrome::start();
    sign_in(&chrome, &server, KEY);
    (server, chrome)
}
