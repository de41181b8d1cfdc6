"""What the language says of each kind of stage: a module a kind, and the registry.

A kind has a model of what can be written (`definitions.stages.Stage` with its own fields) and an
object with its rules (`definitions.kinds.kind.StageKind`).
"""
