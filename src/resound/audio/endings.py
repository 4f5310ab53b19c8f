"""Endings of the names of sound files: by them a file of a folder is taken for a sound."""

from pathlib import PurePath

# What soundfile decodes, by itself; ``.raw`` would be anything.
BY_SOUNDFILE = (
    "aif aifc aiff au avr caf fla flac htk ircam mp1 mp2 mp3 mpc2k nist oga ogg opus paf pvf rf64 "
    "sd2 sds sf snd sph svx voc w64 wav wave wavex wve xi"
)
# What ffmpeg is asked for, where it is installed; the sound of a film is a sound.
BY_FFMPEG = (
    "3gp aac ac3 amr ape asf avi dff dsf eac3 m4a m4b m4v mka mkv mov mp4 mpc mpeg mpg mts ra tta "
    "webm wma wmv wv"
)
OF_SOUNDS = frozenset(f"{BY_SOUNDFILE} {BY_FFMPEG}".split())


def ends_as_sound(name: str) -> bool:
    """Whether a file's name ends as that of a sound does, and does not begin with a dot.

    Examples
    --------
    >>> ends_as_sound("rain.WAV"), ends_as_sound("rain.txt"), ends_as_sound("._rain.wav")
    (True, False, False)
    """
    return PurePath(name).suffix[1:].lower() in OF_SOUNDS and not name.startswith(".")
