"""What people type into casework, one module for each subject."""
