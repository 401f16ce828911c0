//! What permissions are called.

/// Whether these permissions are or have one: `http:HOST` is one of `http`.
pub fn permits(permissions: &[String], wanted: &str) -> bool {
    let mut kinds = permissions.iter().map(|permission| kind(permission));
    kinds.any(|kind| kind == wanted)
}

/// What a permission is for: `http`, of `http:HOST`.
pub fn kind(permission: &str) -> &str {
    permission
        .split_once(':')
        .map_or(permission, |(kind, _)| kind)
}
