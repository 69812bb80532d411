import Testing
import TinyCheckpoint
import TinyEngine
import TinyFoundation
import TinyModel

@Suite("The memory an engine says it needs")
struct EngineMemoryTests {
    /// The sizes of Qwen2.5-7B.
    private let model = ModelConfiguration(
        vocabularySize: 152_064, hiddenSize: 3584, intermediateSize: 18_944, layerCount: 28, headCount: 28,
        keyValueHeadCount: 4, contextLength: 32_768, tiesEmbeddings: false)

    private func memory(sequences: Int, length: Int) -> LocalEngine.Memory {
        LocalEngine.memory(
            model, sampledSequences: sequences, learnedSequences: sequences, length: length, rank: 2,
            arithmetic: .bfloat16)
    }

    @Test("holds the records and the cache of one sequence whole, however long it is")
    func longSequence() {
        let row = model.recordBytes(rank: 2)
        for length in [1024, 4096, 32_768] {
            let memory = memory(sequences: 64, length: length)
            #expect(memory.records >= length * row)
            #expect(memory.cache >= model.cacheBytes(length: length, .bfloat16))
        }
        #expect(memory(sequences: 64, length: 4096).records > 20 << 30)
    }

    @Test("is a fraction where long passes compute their layers once more")
    func savedMemory() {
        func records(length: Int, savesMemory: Bool) -> Int {
            LocalEngine.memory(
                model, sampledSequences: 64, learnedSequences: 64, length: length, rank: 2, arithmetic: .bfloat16,
                savesMemory: savesMemory
            ).records
        }
        #expect(records(length: 8192, savesMemory: true) < records(length: 8192, savesMemory: false) / 3)
        #expect(records(length: 64, savesMemory: true) <= records(length: 64, savesMemory: false))
        // Never less than the inputs of all layers and one layer's record.
        #expect(records(length: 8192, savesMemory: true) > 8192 * 4 * (28 * 3584 + 2 * 18_944))
    }

    @Test("does not grow with the number of sequences once a pass is full, and is less for a few short ones")
    func shortSequences() {
        #expect(memory(sequences: 64, length: 64).records == memory(sequences: 1024, length: 64).records)
        let few = memory(sequences: 1, length: 64)
        #expect(few.records < memory(sequences: 64, length: 64).records)
        #expect(few.cache == model.cacheBytes(length: 64, .bfloat16))
    }

    @Test("has room for the beginnings that prompts share, beside the sequences that run")
    func sharedBeginnings() {
        let sequence = model.cacheBytes(length: 64, .bfloat16)
        #expect(memory(sequences: 2, length: 64).cache == 4 * sequence)
        #expect(memory(sequences: 64, length: 64).cache == (64 + 8) * sequence)
        #expect(memory(sequences: 64, length: 8192).cache > 2 << 30)
    }

    private func memory(sequences: Int, length: Int, others: Int, room: Int) -> LocalEngine.Memory {
        LocalEngine.memory(
            model, sampledSequences: sequences, learnedSequences: 8, length: length, rank: 2, arithmetic: .bfloat16,
            others: others, room: room)
    }

    @Test("has room for as many sequences as a large machine holds, and for 2 GiB of them on a small one")
    func machines() {
        let sequence = model.cacheBytes(length: 4096, .bfloat16)
        let large = memory(sequences: 1024, length: 4096, others: 15 << 30, room: 512 << 30)
        #expect(large.cache == (256 + 8) * sequence)
        let small = memory(sequences: 1024, length: 4096, others: 15 << 30, room: 24 << 30)
        #expect(small.cache == (2 << 30) + (1 << 29))
        #expect(large.records == small.records)
    }

    @Test("never counts more than 2 GiB of sequences where that would not fit", arguments: [64, 1024, 8192, 32_768])
    func fits(length: Int) {
        let others = 16 << 30, least = memory(sequences: 1024, length: length, others: others, room: 0)
        for gigabytes in stride(from: 16, through: 512, by: 4) {
            let room = gigabytes << 30
            let memory = memory(sequences: 1024, length: length, others: others, room: room)
            #expect(
                memory.cache == least.cache || others + memory.cache + memory.records <= room, "\(gigabytes) GiB")
        }
    }
}
