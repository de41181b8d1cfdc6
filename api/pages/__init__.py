"""The pages: what people see. Routes, what they show, and how it is drawn."""
