"""The stage that analyses long recordings such as DJ sets."""
