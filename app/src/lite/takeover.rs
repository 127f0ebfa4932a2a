//! The question before a public port is taken from another instance.

use leptos::prelude::*;
use types::instances::Instance;

use super::{Area, Frame};
use crate::language::{fill, t};
use crate::paths::at;
use crate::view;

/// The page. `holder` is what the instance is called that has the port; `other` is a port nobody holds.
pub fn page(frame: &Frame, instance: &Instance, holder: &str, other: Option<u16>) -> String {
    let id = instance.id;
    let port = instance.public_port.unwrap_or_default().to_string();
    let (name, holder) = (&instance.name, holder.to_owned());
    let content = view! {
        <div class="box">
            <p>{fill("You can move the port to {} now. Neither app stops.", &[name])}</p>
            <ul>
                <li>{fill("The link with port {} opens {} at once.", &[&port, name])}</li>
                <li>
                    {fill("Open connections to {} are cut after a few seconds. It keeps running.", &[&holder])}
                </li>
            </ul>
        </div>
        <div class="bs">
            <a class="bt" href=at(&format!("/lite/instances/{id}"))>{t("Cancel")}</a>
            " "
            {other.map(|other| {
                let other = other.to_string();
                let inside = view! {
                    <input type="hidden" name="port" value=other.clone() />
                    <input type="submit" value=fill("Use port {} instead", &[&other]) />
                };
                frame.form(&format!("/lite/instances/{id}/port"), inside)
            })}
            " "
            {frame.form(
                &format!("/lite/instances/{id}/takeover"),
                view! { <input type="submit" class="p" value=fill("Take over port {}", &[&port]) /> },
            )}
        </div>
    };
    frame.page(
        Area::Instances,
        &fill("Port {} is in use by {}", &[&port, &holder]),
        content,
    )
}
