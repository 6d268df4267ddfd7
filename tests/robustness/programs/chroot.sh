# In a mount namespace of its own: COMMAND in the root $1, a directory that is no mount point and
# has everything of / but /dev, of which there are a few nodes only: no /dev/shm, no /dev/pts.
set -e
root=$1
shift
for each in /*; do
    if [ -L "$each" ]; then
        cp -P "$each" "$root"
    elif [ -d "$each" ] && [ "$each" != /dev ]; then
        mkdir "$root$each"
        mount --rbind "$each" "$root$each"
    fi
done
mkdir "$root/dev"
for each in null zero urandom; do
    touch "$root/dev/$each"
    mount --bind "/dev/$each" "$root/dev/$each"
done
exec chroot "$root" "$@"
