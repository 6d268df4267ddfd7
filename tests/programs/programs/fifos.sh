mkfifo -m 600 here "$TMPDIR/private"; d=$(mktemp -d /tmp/nono-test-XXXXXX); mkfifo "$d/shared"
for fifo in here "$TMPDIR/private" "$d/shared"; do
    (cat "$fifo" | tr a-z A-Z) & sleep 0.01; echo "to a reader" > "$fifo"; wait
    (echo "to a late reader" > "$fifo") & sleep 0.01; cat "$fifo"; wait
    dd if="$fifo" iflag=nonblock bs=1 count=1 status=none | wc -c
done
exec 5<>here; echo both >&5; read line <&5; echo $line
rm -r "$d" "$TMPDIR/private"; ls -l here | cut -c -10
