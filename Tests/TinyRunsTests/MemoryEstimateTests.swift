import Testing
import TinyFoundation
import TinyLoRA
import TinyRuns

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
