"""Pure measurement: whole arrays in, whole arrays out. No video, models, files, clock or printing here."""
