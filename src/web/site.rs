//! How the server is reached, and which other sites may show it.

use super::base_path::BasePath;
use crate::domain::Origins;

/// The place of the server in the web, as the settings say it.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The sites whose pages may read what is public, and show it in a frame.
    pub origins: Origins,
    /// The path under which the server is shown.
    pub base: BasePath,
}
