"""The standing just seen, kept as a profile that the rest of the sets is compared with."""

from collections.abc import Mapping
from dataclasses import replace

from spineline.app.analyze import Request
from spineline.core.calibration import measure_standing
from spineline.core.recording import Recording
from spineline.io.data_folder import DEFAULT_PROFILE
from spineline.io.dates import date_now
from spineline.io.profiles import save_profile


def with_standing(recording: Recording, request: Request, source: Mapping[str, str]) -> Request:
    """Measure the standing in the last seconds of a recording, save it, and return the request that goes by it.

    Raises
    ------
    InputError
        There is too little calm standing, or it cannot be saved.
    """
    reference = request.settings.reference
    track = replace(recording.since(recording.last_s - 2 * reference.profile_s).track(), source=source)
    profile = measure_standing(track, request.settings, date=date_now())
    name = request.options.profile or DEFAULT_PROFILE
    save_profile(name, profile, replace=True)
    # Today's own camera and clothes: nothing differs from session to session.
    settings = request.settings.model_copy(
        update={"reference": reference.model_copy(update={"profile_sigma_deg": 0.0})}
    )
    options = request.options.model_copy(update={"profile": name})
    return replace(request, profile=profile, options=options, settings=settings)
