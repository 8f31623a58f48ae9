"""How well a mix is taken apart."""
