import Foundation
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
