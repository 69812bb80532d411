import Foundation
import Synchronization
import Testing
import TinyTestSupport
import TinyCheckpoint
import TinyFoundation

@Suite("Safetensors files")
struct SafetensorsTests {
    @Test("a file comes back as it was written", arguments: ElementType.allCases)
    func roundTrip(type: ElementType) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            let floats: [Float] = [0, -0.0, 1, -1.1, 3.3e-6, 0x1p-130, 60000, -.infinity]
            let written = [
                TensorToWrite(name: "matrix", shape: [2, 4], floats: floats, type: type),
                TensorToWrite(name: "number", shape: [], floats: [0.1], type: type),
                TensorToWrite(name: "nothing", shape: [0, 7], floats: [], type: type),
            ]
            try SafetensorsWriter.write(written, metadata: ["a \"key\"\n": "välue\\"], to: path)
            let file = try SafetensorsFile(path: path)
            #expect(file.metadata == ["a \"key\"\n": "välue\\"])
            #expect(file.tensors.keys.sorted() == ["matrix", "nothing", "number"])
            let matrix = try file.tensor("matrix")
            #expect(matrix.shape == [2, 4] && matrix.type == type && matrix.count == 8)
            #expect(matrix.floats().map(\.bitPattern) == floats.map { type.rounded($0).bitPattern })
            #expect(try file.tensor("number").floats() == [type.rounded(0.1)])
            #expect(try file.tensor("number").shape == [])
            #expect(try file.tensor("nothing").floats() == [])
            #expect(try file.tensor("nothing").shape == [0, 7])
        }
    }

    @Test("a large tensor is converted in pieces without a seam", arguments: ElementType.allCases)
    func pieces(type: ElementType) throws {
        try withTemporaryDirectory { directory in
            let floats = (0..<600_001).map { Float($0 % 1999) / 64 }
            let path = directory + "/a.safetensors"
            try SafetensorsWriter.write(
                [TensorToWrite(name: "a", shape: [600_001], floats: floats, type: type)], metadata: [:], to: path)
            #expect(try SafetensorsFile(path: path).tensor("a").floats() == floats.map(type.rounded))
        }
    }

    @Test("the same tensors give the same bytes, in the order given, the header padded to 8")
    func bytes() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            let tensors = [
                TensorToWrite(name: "z", shape: [1], bytes: Data([1, 2]), type: .float16),
                TensorToWrite(name: "b", shape: [1], bytes: Data([3, 4]), type: .float16),
            ]
            try SafetensorsWriter.write(tensors, metadata: ["y": "2", "x": "1"], to: path)
            let header =
                #"{"__metadata__":{"x":"1","y":"2"},"z":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"#
                + #""b":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}"#
            let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
            let expected = safetensors(header: padded, dataCount: 0) + Data([1, 2, 3, 4])
            #expect(try read(path) == expected)
        }
    }

    @Test("numbers that are made when they are written give the same file, a tensor after the other")
    func madeTensors() throws {
        try withTemporaryDirectory { directory in
            let shapes: [(String, ElementType, Int)] = [
                ("first", .bfloat16, 600_001), ("aligned", .float32, 3), ("last", .float16, 5),
            ]
            let asked = Mutex<[String: Int]>([:])
            @Sendable func floats(_ count: Int) -> [Float] { (0..<count).map { Float($0 % 1999) / 64 } }
            let made = shapes.map { name, type, count in
                TensorToWrite(name: name, shape: [count], type: type) {
                    let sizes = FileManager.default.enumerator(atPath: directory)?.map { file in
                        (try? read("\(directory)/\(file)").count) ?? 0
                    }
                    asked.withLock { $0[name] = sizes?.first }
                    return floats(count)
                }
            }
            try SafetensorsWriter.write(made, metadata: [:], to: directory + "/a.safetensors")
            let bytes = try read(directory + "/a.safetensors")
            let tensors = try SafetensorsFile(path: directory + "/a.safetensors").tensors
            #expect(asked.withLock { $0 } == tensors.mapValues(\.range.lowerBound))
            let whole = shapes.map { TensorToWrite(name: $0, shape: [$2], floats: floats($2), type: $1) }
            try SafetensorsWriter.write(whole, metadata: [:], to: directory + "/b.safetensors")
            #expect(try read(directory + "/b.safetensors") == bytes)
        }
    }

    @Test("a tensor is copied from another file as it is, or rounded", arguments: ElementType.allCases)
    func copied(type: ElementType) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors", floats: [Float] = [0, -1.1, 3.3e-6, 60000]
            let tensor = TensorToWrite(name: "a", shape: [2, 2], floats: floats, type: .float16)
            try SafetensorsWriter.write([tensor], metadata: [:], to: path)
            let copy = TensorToWrite(name: "b", copying: try SafetensorsFile(path: path).tensor("a"), type: type)
            try SafetensorsWriter.write([copy], metadata: [:], to: path)
            let found = try SafetensorsFile(path: path).tensor("b")
            #expect(found.shape == [2, 2] && found.type == type)
            #expect(found.floats() == floats.map { type.rounded(ElementType.float16.rounded($0)) })
        }
    }

    @Test("32-bit tensors are aligned whatever precedes them")
    func alignment() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            let tensors = [
                TensorToWrite(name: "short", shape: [1], floats: [1], type: .bfloat16),
                TensorToWrite(name: "long", shape: [1], floats: [2], type: .float32),
            ]
            try SafetensorsWriter.write(tensors, metadata: [:], to: path)
            let file = try SafetensorsFile(path: path)
            #expect(try #require(file.tensors["long"]).range.lowerBound.isMultiple(of: 4))
            #expect(try file.tensor("short").floats() == [1])
            #expect(try file.tensor("long").floats() == [2])
        }
    }

    @Test("a foreign file may be unaligned")
    func unaligned() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            let header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
            try #require(header.utf8.count % 4 != 0)
            try write(safetensors(header: header, dataCount: 8), to: path)
            let expected: [UInt32] = [0x0302_0100, 0x0706_0504]
            #expect(try SafetensorsFile(path: path).tensor("a").floats().map(\.bitPattern) == expected)
        }
    }

    @Test("every 16-bit pattern is widened exactly", arguments: [ElementType.float16, .bfloat16])
    func widening(type: ElementType) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            let patterns = (0...UInt16.max).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
            try SafetensorsWriter.write(
                [TensorToWrite(name: "a", shape: [65536], bytes: Data(patterns), type: type)], metadata: [:], to: path)
            let expected = (0...UInt16.max).map { bits in
                type == .float16 ? widenedFloat16(bits: bits) : BFloat16(bits: bits).float
            }
            let floats = try SafetensorsFile(path: path).tensor("a").floats()
            #expect(floats.map(\.bitPattern) == expected.map(\.bitPattern))
        }
    }

    @Test("the stored bytes are lent as they are")
    func storedBytes() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            try write(
                safetensors(header: #"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, dataCount: 0)
                    + Data(10..<18), to: path)
            let file = try SafetensorsFile(path: path)
            #expect(throws: CheckpointError.self) { try file.withBytes(of: "b") { $0.count } }
            #expect(file.tensors["a"]?.typeName == "I64" && file.tensors["a"]?.type == nil)
            #expect(
                description(in: directory) { _ = try file.tensor("a") }
                    == "a is stored as I64 in DIR/a.safetensors, expected F32, BF16 or F16")
        }
    }

    @Test("a tensor outlives the file object it came from")
    func lifetime() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            try SafetensorsWriter.write(smallTensors, metadata: [:], to: path)
            let tensor = try SafetensorsFile(path: path).tensor("model.norm.weight")
            #expect(tensor.floats() == [1, 2, 3, 4])
        }
    }

    @Test("tensors that do not make a file are refused and nothing is left behind")
    func refusedTensors() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.safetensors"
            let one = TensorToWrite(name: "a", shape: [1], floats: [1])
            let cases: [([TensorToWrite], String)] = [
                ([one, one], "cannot write DIR/a.safetensors: the name a is given twice or reserved"),
                (
                    [TensorToWrite(name: "__metadata__", shape: [1], floats: [1])],
                    "cannot write DIR/a.safetensors: the name __metadata__ is given twice or reserved"
                ),
                (
                    [TensorToWrite(name: "a", shape: [2, 3], floats: [1], type: .bfloat16)],
                    "cannot write DIR/a.safetensors: a is BF16 [2, 3], which 2 bytes do not fill"
                ),
                (
                    [TensorToWrite(name: "a", shape: [-1, -1], floats: [1])],
                    "cannot write DIR/a.safetensors: a is F32 [-1, -1], which 4 bytes do not fill"
                ),
            ]
            for (tensors, expected) in cases {
                #expect(
                    description(in: directory) { try SafetensorsWriter.write(tensors, metadata: [:], to: path) }
                        == expected)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(left.isEmpty)
        }
    }
}
