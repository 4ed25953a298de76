//! The header `Vary`: which headers of a request decide what its reply is.

use rocket::response::Response;

/// The headers that replies may depend on, in the order in which they are told.
const TOLD: [&str; 3] = ["Accept", "Origin", "Accept-Encoding"];

/// Says that the reply would be another one if the request had another header of that name. Caches then keep the two
/// apart. What the reply already says in `Vary` stays.
pub(crate) fn add(response: &mut Response<'_>, name: &'static str) {
    let said: Vec<&str> = response.headers().get("Vary").flat_map(|value| value.split(", ")).collect();
    if said.contains(&name) {
        return;
    }
    let told: Vec<&str> = TOLD.into_iter().filter(|known| *known == name || said.contains(known)).collect();
    response.set_raw_header("Vary", told.join(", "));
}
