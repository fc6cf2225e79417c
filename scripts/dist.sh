#!/bin/sh
# The archive of a release, as `cargo binstall` and people expect it: target/kubound-VERSION-TARGET.tar.gz, and its checksum.
set -eu

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
target=$(rustc -vV | sed -n 's/^host: //p')
name=kubound-$version-$target

"${CARGO:-cargo}" build --locked --profile dist
rm -rf "target/$name"
mkdir -p "target/$name"
cp target/dist/kubound target/dist/kubectl-kubound README.md CHANGELOG.md LICENSE LICENSE-APACHE LICENSE-MIT "target/$name/"
tar -C target -czf "target/$name.tar.gz" "$name"
if command -v sha256sum >/dev/null; then
    (cd target && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
else
    (cd target && shasum -a 256 "$name.tar.gz" >"$name.tar.gz.sha256")
fi
echo "target/$name.tar.gz"
