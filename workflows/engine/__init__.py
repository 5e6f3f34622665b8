"""What should happen next: plain functions of values, no input or output."""
