import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Makes the model in the box from nothing.
struct PretrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pretrain",
        abstract: "Trains a small model from scratch on generated word problems, as Abacus was trained.",
        discussion: """
            Trains a byte-pair tokenizer and then all weights of a Qwen2-architecture model on the Abacus corpus. The \
            same settings give the same bytes on any number of threads. Repeating the command resumes an \
            interrupted run from its last saved state. A directory with files of another model is refused. All \
            arithmetic is float32.

            EXAMPLES
              Train the model in the box again (about 20 minutes on two cores):
                tinylora pretrain --output abacus
              A smaller model, as a trial:
                tinylora pretrain --output small --hidden 96 --layers 3 --documents 20000
            """)

    @Option(help: "Directory for the model and the record of the run.", transform: path)
    var output: String
    @Option(parsing: .unconditional, help: "Training documents; each is used once.")
    var documents = PretrainingConfiguration().documents
    @Option(parsing: .unconditional, help: "Documents per step.")
    var batch = PretrainingConfiguration().documentsPerStep
    @Option(parsing: .unconditional, help: "Peak learning rate.")
    var learningRate = PretrainingConfiguration().learningRate
    @Option(parsing: .unconditional, help: "Weight decay of the matrices.")
    var weightDecay = PretrainingConfiguration().weightDecay
    @Option(parsing: .unconditional, help: "Loss weight of question tokens; answer tokens have 1.")
    var promptWeight = PretrainingConfiguration().promptWeight
    @Option(parsing: .unconditional, help: "Hidden size; a multiple of 32.")
    var hidden = AbacusModel.hiddenSize
    @Option(parsing: .unconditional, help: "Number of layers.")
    var layers = AbacusModel.layerCount
    @Option(parsing: .unconditional, help: "Intermediate size of the feed-forward blocks.")
    var intermediate = AbacusModel.intermediateSize
    @Option(parsing: .unconditional, help: "Vocabulary size.")
    var vocabulary = AbacusModel.vocabularySize
    @Option(parsing: .unconditional, help: "Random seed of the weights and the corpus.")
    var seed: UInt64 = PretrainingConfiguration().seed
    @OptionGroup var threading: ThreadOptions
    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let console = Console(json: json)
        var recipe = PretrainingConfiguration()
        recipe.documents = documents
        recipe.documentsPerStep = batch
        recipe.documentsPerPass = min(recipe.documentsPerPass, batch)
        recipe.learningRate = learningRate
        recipe.promptWeight = promptWeight
        recipe.weightDecay = weightDecay
        recipe.seed = seed
        if let problem = recipe.violations().first { throw ValidationError(problem) }
        let threads = try threading.count()
        let model = try AbacusModel.configuration(
            hidden: hidden, layers: layers, intermediate: intermediate, vocabulary: vocabulary)
        console.note(
            "model      \(grouped(model.parameterCount)) parameters · \(model.layerCount) layers of \(model.hiddenSize)"
                + " · vocabulary \(model.vocabularySize)")
        console.note(
            "corpus     \(grouped(recipe.documents)) documents · \(recipe.steps) steps of \(recipe.documentsPerStep)"
                + " · seed \(recipe.seed) · \(counted(threads, "thread"))")
        // Set anew before the first step: making the tokenizer and reading a state are not training.
        var start = ContinuousClock.now
        var firstStep = 0, firstTokens = 0
        let run = AbacusPretraining(model: model, recipe: recipe, directory: output, threads: threads)
        let tokens = try await run.run { step, tokens in
            (start, firstStep, firstTokens) = (.now, step, tokens)
            if step > 0 { console.note("resuming after step \(step)") }
            console.note("  step     loss   answer     norm       rate      tokens   tok/s   elapsed      left")
        } report: { record in
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let left = seconds / Double(record.step - firstStep) * Double(recipe.steps - record.step)
            let line =
                column("\(record.step)", 6) + column(record.loss, 9, places: 4)
                + column(record.completionLoss, 9, places: 4) + column(record.gradientNorm, 9, places: 3)
                + column(record.learningRate, 11, places: 6) + column(grouped(record.tokens), 12)
                + column(Double(record.tokens - firstTokens) / seconds, 8, places: 0) + column(clockTime(seconds), 10)
                + column(clockTime(left), 10)
            if record.step % 100 == 0 || record.step == recipe.steps {
                console.note(line)
            } else {
                console.progress(line)
            }
        }
        console.say("model      \(output) (\(grouped(model.parameterCount)) parameters in bf16)")
        try console.result(
            Result(
                model: output, arithmetic: FullParameterTrainer.arithmetic, modelParameters: model.parameterCount,
                tokens: tokens, steps: recipe.steps))
    }

    private struct Result: Encodable {
        let model: String
        let arithmetic: Arithmetic
        let modelParameters: Int
        let tokens: Int
        let steps: Int

        private enum CodingKeys: String, CodingKey {
            case model, arithmetic, tokens, steps
            case modelParameters = "model_parameters"
        }
    }
}
