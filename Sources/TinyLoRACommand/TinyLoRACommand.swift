import ArgumentParser

@main
struct TinyLoRACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tinylora",
        abstract: "Teaches a language model to reason by training a handful of numbers.",
        subcommands: [BenchCommand.self, PretrainCommand.self])
}
