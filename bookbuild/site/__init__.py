"""The site: laying out what passed the gate, building it, and what is added to its pages."""
