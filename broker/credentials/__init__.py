"""Services whose keys the program never holds: requests judged and written anew."""
