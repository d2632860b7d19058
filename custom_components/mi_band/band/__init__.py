"""The protocol of the Mi Smart Band 4, without Home Assistant."""
