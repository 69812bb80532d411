import ArgumentParser

@main
struct TinyLoRACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tinylora",
        abstract: "Trains a language model to reason by changing a few numbers.",
        subcommands: [
            TrainCommand.self, SweepCommand.self, ReportCommand.self, EvalCommand.self, GenerateCommand.self,
            ScoreCommand.self, InspectCommand.self, TokenizeCommand.self, RenderCommand.self, GradeCommand.self,
            BenchCommand.self,
            PretrainCommand.self,
        ])
}
