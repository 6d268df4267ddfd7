"""What may stand where the program in C should: half renewed, or copied from another machine."""

OTHERS = {
    "no program": "\0\0\0\0",
    "one that ends at once": "#!/bin/sh\nexit 125\n",
    "another version": "#!/bin/bash\nprintf '\\377\\000\\000\\000' >&$1\n",
    "one that says too little": "#!/bin/bash\nprintf x >&$1; exec sleep 1000\n",
    "an interpreter that is not there": "#!/no/such/interpreter\n",
}
