#!/usr/bin/env bash
# In the lab's machine: waits for the USB disk, mounts it, runs a command. with-disk.sh FOLDER COMMAND ARGUMENTS
set -euo pipefail
modprobe -a sd_mod usb_storage ext4
for _ in $(seq 300); do [ -b /dev/sda ] && break; sleep 0.1; done
mkdir -p "$1"
mount -t ext4 /dev/sda "$1"
shift
exec "$@"
