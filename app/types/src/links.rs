//! The links of Open, computed on the server only: what they say depends on how the asking browser got there.

use crate::blueprints::Subpath;
use crate::instances::{AccessPattern, Instance, PublicAccess};

/// How the asking browser reaches the panel; the server provides it for each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestOrigin {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host with its port, as the browser wrote it.
    pub host: String,
    /// The panel's prefix on its host: empty, or `/x`.
    pub base: String,
    /// Public ports that ask for a login speak TLS. A proxy in front of the panel is not in front of them, so
    /// this does not follow from `scheme`.
    pub ports_speak_tls: bool,
}

impl RequestOrigin {
    /// Fills in the link of Open.
    pub fn link(&self, mut instance: Instance) -> Instance {
        instance.open_url = self.open_url(&instance);
        instance
    }

    fn open_url(&self, instance: &Instance) -> String {
        if instance.use_custom_hostname && !instance.hostname.trim().is_empty() {
            return self.own_name(instance.hostname.trim());
        }
        match instance.access_pattern {
            AccessPattern::Path => self.path(instance),
            AccessPattern::Subdomain if self.has_domain() => {
                format!("{}://{}.{}", self.scheme, instance.slug, self.host)
            }
            AccessPattern::Port | AccessPattern::Subdomain => self.port(instance),
        }
    }

    /// A port that leads nowhere makes no link: until it does, the app is reached below the panel. An open one is
    /// the app's alone, so nobody leads from its root to where an app is that was told a prefix.
    fn port(&self, instance: &Instance) -> String {
        let Some(port) = instance.public_port.filter(|_| instance.forward_up) else {
            return self.path(instance);
        };
        let login = instance.public_access == PublicAccess::Login;
        let scheme = if self.ports_speak_tls && login {
            "https"
        } else {
            "http"
        };
        let path = if login || instance.has_desktop() || instance.subpath != Subpath::Keep {
            String::new()
        } else {
            format!("{}{}", self.base, instance.proxy_path())
        };
        format!("{scheme}://{}:{port}{path}", host_name(&self.host))
    }

    fn path(&self, instance: &Instance) -> String {
        let desktop = if instance.has_desktop() { "desktop/" } else { "" };
        format!(
            "{}://{}{}{}{desktop}",
            self.scheme,
            self.host,
            self.base,
            instance.proxy_path()
        )
    }

    fn own_name(&self, name: &str) -> String {
        if name.starts_with("http://") || name.starts_with("https://") {
            name.to_owned()
        } else {
            format!("{}://{name}", self.scheme)
        }
    }

    /// Whether names can stand before the host's: an address has none, nor has a bare name but this machine's own.
    fn has_domain(&self) -> bool {
        let name = host_name(&self.host);
        let dotted = name.trim_end_matches('.').contains('.');
        name == "localhost" || dotted && name.parse::<std::net::Ipv4Addr>().is_err()
    }
}

/// The host without its port.
fn host_name(host: &str) -> &str {
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(fields: &str) -> Instance {
        let text = format!(
            r#"{{"id":1,"name":"My app","slug":"my-app","dir":"my-app-1","parent_instance_id":null,
            "base_blueprint":"x.sh","gpu_ids":null,"autostart":false,"persistent_mode":false,"public_port":19001,
            "port_active":true,"forward_up":true,"use_custom_hostname":true,"output_path":null,
            "python_version":null,"cuda_version":null,"torch_version":null,"env_vars":"","launch_args":"",
            "restart_policy":"never","sort_order":0,"row_version":1,"created_at":0,"updated_at":0,
            "status":"started","status_reason":"","status_since":0,"pid":null,"exit_code":null,
            "started_at":null,"internal_port":null,"desktop_display":null,"desktop_port":null,
            "health":"unknown","restarts":0,"run":0,"open_url":"","blueprint_name":"X",{fields}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn url(host: &str, pattern: &str, access: &str, hostname: &str) -> String {
        let origin = RequestOrigin {
            scheme: "https",
            host: host.to_owned(),
            base: "/x".to_owned(),
            ports_speak_tls: true,
        };
        let fields =
            format!(r#""access_pattern":"{pattern}","public_access":"{access}","hostname":"{hostname}""#);
        origin.link(instance(&fields)).open_url
    }

    #[test]
    fn every_pattern_has_its_link() {
        let panel = "panel.example:9000";
        assert_eq!(url(panel, "port", "login", ""), "https://panel.example:19001");
        assert_eq!(url(panel, "port", "open", ""), "http://panel.example:19001");
        assert_eq!(
            url(panel, "subdomain", "login", ""),
            "https://my-app.panel.example:9000"
        );
        assert_eq!(
            url(panel, "path", "login", ""),
            "https://panel.example:9000/x/instance/my-app/"
        );
        assert_eq!(url(panel, "port", "login", "a.example"), "https://a.example");
        assert_eq!(
            url(panel, "path", "login", "http://a.example:81"),
            "http://a.example:81"
        );
    }

    #[test]
    fn without_a_domain_a_sub_domain_falls_back_to_the_port() {
        for (host, name) in [
            ("192.168.1.2:9000", "192.168.1.2"),
            ("[::1]:9000", "[::1]"),
            ("gpu", "gpu"),
        ] {
            let link = url(host, "subdomain", "open", "");
            assert_eq!(link, format!("http://{name}:19001"), "{host}");
        }
    }

    #[test]
    fn this_machines_own_name_has_names_before_it() {
        let link = url("localhost:9000", "subdomain", "login", "");
        assert_eq!(link, "https://my-app.localhost:9000");
    }

    #[test]
    fn an_open_port_is_entered_where_the_app_is() {
        for (access, subpath, path) in [
            ("open", "keep", "/x/instance/my-app/"),
            ("open", "strip", ""),
            ("login", "keep", ""),
        ] {
            let fields = format!(
                r#""access_pattern":"port","public_access":"{access}","hostname":"","subpath":"{subpath}""#
            );
            let origin = RequestOrigin {
                scheme: "http",
                host: "gpu:9000".to_owned(),
                base: "/x".to_owned(),
                ports_speak_tls: false,
            };
            let link = origin.link(instance(&fields)).open_url;
            assert_eq!(link, format!("http://gpu:19001{path}"), "{access} {subpath}");
        }
    }

    #[test]
    fn a_port_that_leads_nowhere_makes_no_link() {
        let fields = r#""access_pattern":"port","public_access":"login","hostname":"""#;
        let mut down = instance(fields);
        down.forward_up = false;
        let origin = RequestOrigin {
            scheme: "http",
            host: "gpu:9000".to_owned(),
            base: String::new(),
            ports_speak_tls: false,
        };
        assert_eq!(origin.link(down).open_url, "http://gpu:9000/instance/my-app/");
    }
}
