"""The one exception tree.

::

    SpinelineError
      InputError         a file or folder that cannot be read or written as asked
        CodecError       a video whose codec cannot be decoded here
        CameraError      a camera or stream that cannot be opened
      ModelError         the pose model cannot be had, or is not what it should be
      SettingsError      a setting or configuration file that is not allowed
      TrackError         arrays that do not form a PoseTrack

A message is one line: what was expected, what was found, what to do.
"""


class SpinelineError(Exception):
    """Base of every error that spineline raises on purpose."""


class InputError(SpinelineError):
    """A file or folder cannot be read or written as asked."""


class CodecError(InputError):
    """A video holds a codec that cannot be decoded on this machine."""


class CameraError(InputError):
    """A camera or a stream cannot be opened, or gives no picture."""


class ModelError(SpinelineError):
    """The pose model cannot be had, or is not what it should be."""


class SettingsError(SpinelineError):
    """A setting or a configuration file is not allowed."""


class TrackError(SpinelineError):
    """Arrays do not form a valid PoseTrack."""
