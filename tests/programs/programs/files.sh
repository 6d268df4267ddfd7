set -e
umask 027
mkdir -m 2750 made; echo text > made/file; ln made/file hard; ln -s made/file link; mkfifo fifo
chmod 604 hard; touch -d 2001-02-03 made/file; touch -h -d 2001-02-03 link
cp -a src copy; cp --preserve=all run.sh made/; tar -cf all.tar src made && mkdir out
tar -xpf all.tar -C out; mv out/made moved; mv moved/file here; rm -r out; rmdir copy/../out || :
truncate -s 100 here; dd if=/dev/zero of=here bs=1 seek=200 count=1 conv=notrunc status=none
(cat fifo > received) & echo through > fifo; wait; cat received
sed -i s/one/two/ src/a.txt; sort -o src/a.txt src/a.txt; sh run.sh
find . -path ./private -prune -o -printf '%M %n %s %p %l\n' | sort
