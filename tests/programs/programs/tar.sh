set -e
ln -s deep/er/b.txt data/link; ln data/a.txt data/hard; mkfifo data/fifo
chmod 2750 data/deep; chmod 600 data/hard
touch -d 2001-02-03 data/run.sh
tar -cpf all.tar data && mkdir out && tar -xpf all.tar -C out
tar -czf all.tgz data && tar -tzf all.tgz | sort
stat -c '%A %h %y' out/data/run.sh out/data/hard | cut -c -30
out/data/run.sh
