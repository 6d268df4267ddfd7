set -e
mkdir many
for number in 1 2 3; do echo $number > many/$number; done
/usr/bin/python3 -c 'import os; os.setxattr("many/1", "user.note", b"value")'
ls -l many | wc -l
cp -a many copy
/usr/bin/python3 -c 'import os; print(os.getxattr("copy/1", "user.note"))'
tar --xattrs -cf all.tar many
mkdir out
tar --xattrs --xattrs-include='*' -xf all.tar -C out
/usr/bin/python3 -c 'import os; print(os.getxattr("out/many/1", "user.note"))'
