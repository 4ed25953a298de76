//! What the wire says where a key could not be made as it was asked for, or can't take another's place.

use crate::actions::KeyRefusal;
use crate::store::key_lines::KeyState;

/// The field of a form that the refusal is about.
pub fn field(refusal: &KeyRefusal) -> &'static str {
    match refusal {
        KeyRefusal::Outlives { .. } => "expires_on",
        KeyRefusal::MoreNetworks { .. } => "networks",
        KeyRefusal::Ended(_) | KeyRefusal::Replaced { .. } | KeyRefusal::NeededByActor => "id",
    }
}

/// The refusal's name for programs.
pub(super) fn error_type(refusal: &KeyRefusal) -> &'static str {
    match refusal {
        KeyRefusal::Outlives { .. } => "outlives_key",
        KeyRefusal::MoreNetworks { .. } => "more_networks",
        KeyRefusal::Ended(_) => "key_ended",
        KeyRefusal::Replaced { .. } => "key_replaced",
        KeyRefusal::NeededByActor => "own_key",
    }
}

/// The refusal in one sentence for a person.
pub(super) fn sentence(refusal: &KeyRefusal) -> String {
    match refusal {
        KeyRefusal::Outlives { last } => format!("Your own key ends on {last}: what it makes can't work longer."),
        KeyRefusal::MoreNetworks { networks } => {
            format!("Your own key is for {networks}: what it makes can't be used from elsewhere.")
        }
        KeyRefusal::Ended(state) => {
            let why = match state {
                KeyState::Revoked => "is revoked",
                KeyState::MakerEnded => "works no longer, since the key that it was made with does not",
                KeyState::Expired | KeyState::Works => "has expired",
            };
            format!("This key {why}. Make a new one.")
        }
        KeyRefusal::Replaced { successor_id } => format!("Key {successor_id} has taken this key's place already."),
        KeyRefusal::NeededByActor => {
            "You are signed in with this key, or with one that it made. Sign in with another key to replace it, or use the \
             command line."
                .to_owned()
        }
    }
}
