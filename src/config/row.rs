//! What a setting is, and the macro that makes everything else from a list of them.

/// What there is to know of a setting, whatever the type of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file.
    pub key: &'static str,
    /// The value that it has if none is given; `None`: it is not set then.
    pub default: Option<&'static str>,
    /// The values that it takes, in words.
    pub accepted: &'static str,
    /// What it is for, in one sentence.
    pub about: &'static str,
    /// Whether its value may be a list in the file.
    pub list: bool,
    /// Whether its value must not be shown.
    pub secret: bool,
}

impl Setting {
    /// The name of the environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.to_uppercase())
    }
}

/// The name of our table within the table of a profile.
pub(super) const TABLE: &str = "scorekeeper";

/// How the environment variables of settings begin.
pub(super) const VARIABLE_PREFIX: &str = "SCOREKEEPER_";

/// Makes `Settings` and its table from rows like this one:
///
/// ```text
/// /// The SQLite file.
/// database: PathBuf = FILE, default "scorekeeper.db";
/// ```
///
/// A row is the sentence that says what the setting is for, its key, the type of its value, the form that the value has
/// to have (see `forms`), and its default. A setting without a default has an `Option` as its type. `secret true` at the
/// end of a row keeps the value from being shown.
macro_rules! settings {
    ($($(#[doc = $about:literal])+ $key:ident: $type:ty = $form:ident $(, default $default:literal)? $(, secret $secret:literal)?;)+) => {
        /// The value of every setting.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $($(#[doc = $about])+ pub $key: $type,)+
        }

        /// The rows, each under the name of its key.
        struct Row;

        #[allow(non_upper_case_globals, reason = "a row has the name of its key")]
        impl Row {
            $(const $key: Setting = Setting {
                key: stringify!($key),
                default: optional!($($default)?),
                accepted: $form.accepted,
                about: concat!($($about),+).trim_ascii(),
                list: $form.list,
                secret: is_secret!($($secret)?),
            };)+
        }

        impl Settings {
            /// All settings, in the order of the documentation.
            pub const TABLE: &[Setting] = &[$(Row::$key),+];

            fn read(sources: &Sources<'_>) -> Result<Settings, ConfigError> {
                Ok(Settings { $($key: value!(sources, &Row::$key, &$form $(, $default)?),)+ })
            }
        }
    };
}

macro_rules! optional {
    () => {
        None
    };
    ($value:literal) => {
        Some($value)
    };
}

macro_rules! is_secret {
    () => {
        false
    };
    ($secret:literal) => {
        $secret
    };
}

/// Reads one setting. With a default there always is a value.
macro_rules! value {
    ($sources:ident, $row:expr, $form:expr) => {
        $sources.optional($row, $form)?
    };
    ($sources:ident, $row:expr, $form:expr, $default:literal) => {
        $sources.required($row, $form, $default)?
    };
}
