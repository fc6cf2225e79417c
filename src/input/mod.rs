//! From files to a [`crate::cluster::spec::ClusterSpec`].
