import Foundation
import Testing
import TinyFoundation
import TinyLoRA
import TinyModel
import TinyRecords
import TinyRuns
import TinyTestSupport

@Suite("Memory of a run")
struct MemoryEstimateTests {
    @Test("a run that does not fit is refused with what it needs and what there is")
    func refusal() throws {
        let memory = try RunOutline(TrainingConfiguration()).memory
        try memory.requireRoom(in: memory.total)
        let error = #expect(throws: RunError.self) { try memory.requireRoom(in: memory.total - 1) }
        #expect(error?.code == .notEnoughMemory)
        let message = error?.message ?? ""
        #expect(message.hasPrefix("the run needs up to "), "\(message)")
        #expect(message.contains("and this machine has "), "\(message)")
    }

    @Test("the estimate grows with the length of a completion")
    func growth() throws {
        var short = TrainingConfiguration()
        short.rollout.maxTokens = 8
        let memory = try RunOutline(TrainingConfiguration()).memory
        #expect(try RunOutline(short).memory.cache < memory.cache)
    }

    @Test(
        "the weights are not less than those of the model that is loaded, whatever its files store",
        arguments: ["qwen2-tied", "qwen2-untied", "qwen2-tied-bf16", "gguf/model.gguf"], Arithmetic.allCases)
    func weights(model: String, arithmetic: Arithmetic) throws {
        var settings = TrainingConfiguration()
        settings.model = fixtures(of: model).path
        settings.arithmetic = arithmetic
        let loaded = try LoadedModel(directory: settings.model, arithmetic: arithmetic, cache: nil)
        let parameters = loaded.model.configuration.parameterCount
        let weights = try RunOutline(settings).memory.weights
        #expect(weights >= loaded.model.byteCount)
        settings.adapter.method = .full
        #expect(try RunOutline(settings).memory.weights == weights + 4 * parameters)
    }

    @Test("weights stored in fp32 take twice the memory of bf16 in float32, and those stored in bf16 do not")
    func storedTypes() throws {
        func weights(_ model: String, _ arithmetic: Arithmetic?) throws -> Int {
            var settings = TrainingConfiguration()
            settings.model = fixtures(of: model).path
            settings.arithmetic = arithmetic
            return try RunOutline(settings).memory.weights
        }
        let (wide, narrow) = (try weights("qwen2-tied", .float32), try weights("qwen2-tied", .bfloat16))
        // Norms and biases, a few in a hundred here, are fp32 in both.
        #expect(Double(wide) > 1.8 * Double(narrow))
        #expect(try weights("qwen2-tied", nil) == wide)
        #expect(try weights("qwen2-tied-bf16", .float32) == weights("qwen2-tied-bf16", .bfloat16))
    }

    @Test("every member of a population takes as much cache as another")
    func population() throws {
        var settings = TrainingConfiguration(.openES)
        settings.evaluation.problems = 0
        settings.rollout.problemsPerStep = 2
        settings.rollout.groupSize = 1
        func cache(_ population: Int?) throws -> Int {
            settings.evolution.populationSize = population
            return try RunOutline(settings).memory.cache
        }
        #expect(try cache(8) > cache(4))
        #expect(try cache(16) - cache(8) == 2 * (cache(8) - cache(4)))
        // Without a size there are 4 + ⌊3 ln 13⌋ members, and one more to make pairs.
        #expect(try cache(nil) == cache(12))
    }

    @Test("a supervised run keeps records of its examples, and samples in evaluations only", arguments: [false, true])
    func supervised(packing: Bool) throws {
        var settings = TrainingConfiguration(.sft)
        settings.supervised.packing = packing
        settings.supervised.examplesPerStep = 2
        settings.supervised.maxLength = 64
        settings.evaluation.problems = 0
        let memory = try RunOutline(settings).memory
        #expect(memory.cache == 0 && memory.records > 0)
        func records(_ change: (inout TrainingConfiguration) -> Void) throws -> Int {
            var changed = settings
            change(&changed)
            return try RunOutline(changed).memory.records
        }
        #expect(try records { $0.supervised.maxLength = 128 } > memory.records)
        #expect(try records { $0.supervised.examplesPerStep = 1 } < memory.records)
        #expect(try records { $0.supervised.maxLength = nil } > memory.records)
        let others = try records {
            $0.rollout.problemsPerStep = 1
            $0.rollout.groupSize = 2
            $0.rollout.maxTokens = 8
        }
        #expect(others == memory.records)
        settings.evaluation.problems = 3
        settings.rollout.maxTokens = 16
        let evaluated = try RunOutline(settings).memory
        #expect(evaluated.cache > 0 && evaluated.records == memory.records)
        settings.rollout.maxTokens = 64
        #expect(try RunOutline(settings).memory.cache > evaluated.cache)
    }

    @Test("a population needs no records: there is no backward pass", arguments: [Algorithm.openES, .cmaES])
    func noRecords(algorithm: Algorithm) throws {
        #expect(try RunOutline(TrainingConfiguration(algorithm)).memory.records == 0)
    }

    @Test("what other processes sample and learn is not counted, but for one completion whose tokens are scored here")
    func otherProcesses() throws {
        func memory(samplers: [String] = [], learner: String? = nil) throws -> MemoryEstimate {
            var engines = RemoteEngines()
            engines.samplers = try samplers.map { try ServerAddress($0) }
            engines.learner = try learner.map { try ServerAddress($0) }
            return try RunOutline(TrainingConfiguration(), remote: engines).memory
        }
        let here = try memory(), address = "http://127.0.0.1:9"
        let sampled = try memory(samplers: [address]), learned = try memory(learner: address)
        let both = try memory(samplers: [address], learner: address)
        #expect(sampled.records == here.records && sampled.cache < here.cache && sampled.cache > 0)
        #expect(learned.records == 0 && learned.cache == here.cache)
        #expect(both.records == 0 && both.cache == sampled.cache)
        for other in [sampled, learned, both] {
            #expect(other.weights == here.weights && other.factors == here.factors)
            #expect(other.optimiser == here.optimiser && other.total < here.total)
        }
    }

    @Test("a run is warned of memory that other programs have, unless what is free is not known")
    func shortage() throws {
        let memory = try RunOutline(TrainingConfiguration()).memory
        let steps = memory.cache + memory.records + memory.optimiser
        #expect(memory.shortage(available: steps) == nil)
        #expect(memory.shortage(available: nil) == nil)
        let sentence = try #require(memory.shortage(available: steps - 1))
        #expect(sentence.hasPrefix("the longest steps take up to "), "\(sentence)")
        #expect(sentence.contains("are free now"), "\(sentence)")
    }
}
