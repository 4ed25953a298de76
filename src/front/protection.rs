//! What every reply tells browsers, so that nobody misuses it: to take the content for what it is called, to show it in no
//! frame of another site, and to leave its readers out of groups of interests.

use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// How many headers [`add`] adds at most.
pub const COUNT: usize = 3;

/// Adds the headers to a reply that is complete otherwise.
pub fn add(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static("interest-cohort=()"));
    if let Some(framing) = framing(headers.get(CONTENT_SECURITY_POLICY)) {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static(framing));
    }
}

/// What the header that old browsers know says, so that it agrees with the policy of a page, which says who may show it in a
/// frame. It can't name several sites.
fn framing(policy: Option<&HeaderValue>) -> Option<&'static str> {
    let Some(policy) = policy else { return Some("SAMEORIGIN") };
    policy.to_str().is_ok_and(|policy| policy.contains("frame-ancestors 'none'")).then_some("DENY")
}
