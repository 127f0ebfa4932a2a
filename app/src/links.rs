//! Links to instances, computed on the server only.

use types::instances::Instance;

/// How the asking browser reaches the panel; the server provides it as context for each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestOrigin {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host with its port, as the browser wrote it.
    pub host: String,
}

impl RequestOrigin {
    /// Fills in the link of Open.
    pub fn link(&self, mut instance: Instance) -> Instance {
        instance.open_url = format!("{}://{}{}", self.scheme, self.host, instance.proxy_path());
        instance
    }
}
