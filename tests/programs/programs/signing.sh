set -e
git init -q .
git config user.email me@example.org; git config user.name Me; git config user.signingkey me@example.org
git commit -q -S --allow-empty -m signed
git log --format=%G? -1
ssh-keygen -q -t ed25519 -N '' -f key
ssh-agent sh -c 'ssh-add -q key; ssh-add -l' | grep -o ED25519
