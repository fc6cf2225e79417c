//! Container images: what pods need and nodes have.
//!
//! Reference: `pkg/scheduler/framework/plugins/imagelocality/image_locality.go` (v1.34).

use k8s_openapi::api::core::v1::{Node, PodSpec};

/// The images of a pod's containers, init containers first, one for each container.
pub fn of_pod(pod: &PodSpec) -> impl Iterator<Item = String> {
    let containers = pod.init_containers.iter().flatten().chain(&pod.containers);
    containers.map(|container| normalized(container.image.as_deref().unwrap_or_default()))
}

/// The names of the images that a node has, with their sizes in bytes.
pub fn of_node(node: &Node) -> impl Iterator<Item = (&str, i64)> {
    let images = node.status.iter().flat_map(|status| status.images.iter().flatten());
    images.flat_map(|image| {
        let size = image.size_bytes.unwrap_or(0);
        image.names.iter().flatten().map(move |name| (name.as_str(), size))
    })
}

/// Names without a tag or digest mean `latest`.
fn normalized(name: &str) -> String {
    let tagged = name.rfind(':') > name.rfind('/');
    if tagged { name.to_owned() } else { format!("{name}:latest") }
}

/// The images of a pod's containers, as written.
pub fn as_written(pod: &PodSpec) -> impl Iterator<Item = &str> {
    pod.containers.iter().filter_map(|container| container.image.as_deref())
}

/// Whether a container of a pod has one of some images.
pub fn has_one_of(pod: &PodSpec, images: &[String]) -> bool {
    as_written(pod).any(|image| images.iter().any(|known| known == image))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_a_registry_is_no_tag() {
        assert_eq!(normalized("app"), "app:latest");
        assert_eq!(normalized("host:5000/app"), "host:5000/app:latest");
        assert_eq!(normalized("host:5000/app:1"), "host:5000/app:1");
    }
}
