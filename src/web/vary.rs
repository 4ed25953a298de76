//! The header `Vary`: which headers of a request decide what its reply is.

use rocket::response::Response;

/// Says that the reply would be another one if the request had another header of that name. Caches then keep the two
/// apart. What the reply already says in `Vary` stays.
pub(crate) fn add(response: &mut Response<'_>, name: &str) {
    let said: Vec<&str> = response.headers().get("Vary").flat_map(|value| value.split(',')).map(str::trim).collect();
    if said.iter().any(|said| said.eq_ignore_ascii_case(name)) {
        return;
    }
    let names = [&said[..], &[name]].concat().join(", ");
    response.set_raw_header("Vary", names);
}
