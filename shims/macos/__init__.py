"""What macOS gives to hold a program: Seatbelt. One module per interface, no opinions."""
