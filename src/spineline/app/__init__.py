"""The programs: thin, they call io for what is outside and core for what is measured."""
