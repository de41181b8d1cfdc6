"""Stages of kind `form`: somebody fills in a form."""

from definitions.kinds.kind import StageKind
from definitions.stages import Stage
from domain.kinds.form import FORM


class FormStage(Stage):
    """Somebody fills in a form."""


KIND = StageKind(FORM, FormStage)
