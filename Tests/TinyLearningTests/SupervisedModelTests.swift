import Foundation
import Testing
import TinyAbacus
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyEngine
import TinyProblems
import TinyRecords
import TinyText
import TinyLearning
import TinyFoundation

/// Supervised training of real models: the small ones under `Tests/Fixtures` and Abacus.
@Suite struct SupervisedModelTests {
    @Test("the loss is PyTorch's cross-entropy of the completion's tokens", arguments: ["qwen2-tied", "qwen2-untied"])
    func agreesWithPyTorch(name: String) async throws {
        let fixture = try Fixture(name)
        let trainer = try fixture.trainer(threads: 1)
        let step = try await trainer.makeStep(1, from: trainer.startingState(), after: nil) { _ in }
        var sum = 0.0, tokens = 0
        for (index, problem) in zip(1..., fixture.problems) {
            // Entry t of the expected log-probabilities belongs to token t + 1.
            let expected = try fixture.logprobs(index).dropFirst(problem.question.unicodeScalars.count - 1)
            sum -= expected.reduce(0) { $0 + Double($1) }
            tokens += expected.count
        }
        // The largest log-probability errs by 1e-4 of itself at most; so does their mean.
        #expect(abs(step.metrics.loss - sum / Double(tokens)) < 1e-4 * sum / Double(tokens))
        let heldOut = try #require(
            try HeldOutLoss(
                learner: fixture.policy(threads: 1),
                task: TrainingTask(
                    problems: fixture.problems, prompter: Prompter(style: .plain, codec: ScalarTokens())),
                settings: SupervisedSettings()))
        #expect(try await heldOut.measured(at: nil) == step.metrics.loss)
    }

    @Test("one thread and two give the same bits, packed or not", arguments: [false, true])
    func sameBitsOnThreads(packing: Bool) async throws {
        let fixture = try Fixture("qwen2-untied")
        let one = try await TrainingLoop(fixture.trainer(threads: 1, packing: packing)).run()
        let two = try await TrainingLoop(fixture.trainer(threads: 2, packing: packing)).run()
        #expect(one.state == two.state && one.metrics == two.metrics)
        #expect(one.metrics[3].loss < one.metrics[0].loss)
    }

    @Test("a solution in equations is, token for token, what the careful author of Abacus writes")
    func isCarefulAuthor() throws {
        let tokenizer = try Tokenizer(modelDirectory: AbacusFiles.directory())
        let corpus = AbacusCorpus(seed: 1)
        let documents = (0..<200).map { corpus[$0] }.filter { $0.author == .careful && $0.venue == .board }
        #expect(documents.count > 5)
        for document in documents {
            let prompt = PromptStyle.abacus.plainText(for: document.problem.question)
            let text = continuation(document.problem.referenceSolution(style: .equations), of: prompt)
            #expect(prompt == document.prompt && text == document.completion)
            #expect(
                tokenizer.encode(text, addingSpecialTokens: false) == tokenizer.encode(document.completion),
                "\(text)")
        }
    }

    @Test("Abacus finds its own careful manner likely, and strangers' manners not")
    func knowsCarefulManner() async throws {
        let checkpoint = try Checkpoint(directory: AbacusFiles.directory())
        let tokenizer = try Tokenizer(modelDirectory: AbacusFiles.directory())
        let policy = LocalEngine(model: try LanguageModel(checkpoint), method: nil, threads: 1)
        var losses: [SolutionStyle: Double] = [:]
        for style in SolutionStyle.allCases {
            let loss = try HeldOutLoss(
                learner: policy,
                task: TrainingTask(
                    problems: AbacusProblems.test(8, solutions: style),
                    prompter: Prompter(style: .abacus, codec: TokenizerCodec(tokenizer: tokenizer)),
                    endToken: tokenizer.endOfTextID), settings: SupervisedSettings())
            losses[style] = try await loss?.measured(at: nil)
        }
        let equations = try #require(losses[.equations]), sentences = try #require(losses[.sentences])
        #expect(equations < 0.5 && sentences > 2 && losses[.inverted] ?? 0 > 1, "\(losses)")
    }
}

/// A model of `Tests/Fixtures` with an adapter, and its sequences as problems: a third is the prompt.
private struct Fixture {
    let problems: [Problem]
    private let model: LanguageModel
    private let basis: TinyLoRAMethod
    private let arrays: SafetensorsFile

    private struct Expected: Decodable {
        struct Sequence: Decodable { let tokens: [Int] }
        let sequences: [Sequence]
    }

    init(_ name: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/\(name)")
        let checkpoint = try Checkpoint(directory: folder.path)
        model = try LanguageModel(checkpoint)
        let plan = try AdapterPlan(
            modules: checkpoint.configuration.modules, rank: 2, u: 2, tying: .tiled(modulesPerGroup: 5))
        basis = try TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 11),
            for: AdapterPreparation(checkpoint: checkpoint, threads: 1))
        arrays = try SafetensorsFile(path: folder.appending(path: "expected.safetensors").path)
        let expected = try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: folder.appending(path: "expected.json")))
        problems = expected.sequences.dropFirst().enumerated().map { index, sequence in
            let split = max(1, sequence.tokens.count / 3), codec = ScalarTokens()
            return Problem(
                id: "\(index)", question: codec.decode(Array(sequence.tokens[..<split])), answer: "",
                solution: codec.decode(Array(sequence.tokens[split...])))
        }
    }

    func policy(threads: Int) -> LocalEngine { LocalEngine(model: model, method: basis, threads: threads) }

    func trainer(threads: Int, packing: Bool = false) throws -> SFTTrainer {
        var configuration = TrainingConfiguration()
        configuration.algorithm = .sft
        configuration.steps = 4
        configuration.optimiser.learningRate = 0.05
        configuration.supervised.packing = packing
        configuration.supervised.examplesPerStep = packing ? 1 : problems.count
        return try SFTTrainer(
            learner: policy(threads: threads),
            task: TrainingTask(problems: problems, prompter: Prompter(style: .plain, codec: ScalarTokens())),
            configuration: configuration)
    }

    /// What PyTorch says of the tokens of sequence `index` after its first.
    func logprobs(_ index: Int) throws -> [Float] { try arrays.tensor("sequences.\(index).logprobs").floats() }
}

/// Token ids as characters: id 0 is U+4E00. Spaces stand for nothing.
private struct ScalarTokens: TextCodec {
    func encode(_ text: String) -> [Int] { text.unicodeScalars.filter { $0 != " " }.map { Int($0.value) - 0x4E00 } }
    func decode(_ tokens: [Int]) -> String {
        String(String.UnicodeScalarView(tokens.compactMap { UnicodeScalar(0x4E00 + UInt32($0)) }))
    }
}

private struct TokenizerCodec: TextCodec {
    let tokenizer: Tokenizer
    func encode(_ text: String) -> [Int] { tokenizer.encode(text) }
    func encode(continuation: String) -> [Int] { tokenizer.encode(continuation, addingSpecialTokens: false) }
    func decode(_ tokens: [Int]) -> String { tokenizer.decode(tokens) }
}
