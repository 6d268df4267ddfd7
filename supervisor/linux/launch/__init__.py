"""Starting the first processes of a sandbox, and ending all of them."""
