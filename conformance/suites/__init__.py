"""What users run: one check for each requirement of the catalogue, over what the scenarios recorded."""
