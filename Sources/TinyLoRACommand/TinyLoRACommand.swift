import ArgumentParser
import Foundation
import TinyLoRA

@main
struct TinyLoRACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tinylora",
        abstract: "Trains a language model to reason by changing a few numbers.",
        subcommands: [
            TrainCommand.self, SweepCommand.self, ReportCommand.self, EvalCommand.self, AblateCommand.self,
            FilterCommand.self, GenerateCommand.self, ScoreCommand.self, InspectCommand.self, ExportCommand.self,
            TokenizeCommand.self, RenderCommand.self,
            DownloadCommand.self, DoctorCommand.self, GradeCommand.self, BenchCommand.self, VerifyCommand.self,
            PretrainCommand.self,
        ] + serving)

    #if Serve
        private static let serving: [any ParsableCommand.Type] = [ServeCommand.self]
    #else
        private static let serving: [any ParsableCommand.Type] = []
    #endif

    /// As the parser's own, but a result or help text that cannot be written is an error.
    static func main() async {
        StandardStreams.prepare()
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            try StandardOutput.check()
        } catch {
            exit(reporting: error)
        }
    }

    private static func exit(reporting error: any Error) -> Never {
        let text = ErrorText().text(for: error), code = exitCode(for: error)
        if code.isSuccess {
            do {
                try StandardOutput.write(text + "\n")
            } catch {
                exit(reporting: error)
            }
        } else if !text.isEmpty {
            StandardError.write(text + "\n")
        }
        Foundation.exit(code.rawValue)
    }

    func validate() throws {
        if let problem = InstructionSet.problem { throw ValidationError(problem) }
    }
}
