// What a library user imports: everything but the server, under one name.

@_exported public import TinyFoundation
@_exported public import TinyTensor
@_exported public import TinyCheckpoint
@_exported public import TinyModel
@_exported public import TinyAdapter
@_exported public import TinyEngine
@_exported public import TinyText
@_exported public import TinyTemplates
@_exported public import TinyProblems
@_exported public import TinyAbacus
@_exported public import TinyRecords
@_exported public import TinyStatistics
@_exported public import TinyLearning
@_exported public import TinyHub
@_exported public import TinyRemote
@_exported public import TinyRuns
@_exported public import TinyReport
