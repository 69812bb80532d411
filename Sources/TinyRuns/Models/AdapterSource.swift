internal import Foundation
public import TinyAdapter
public import TinyFoundation
public import TinyRecords

/// What an argument that names an adapter leads to. Opening it needs no model, using it does.
public enum AdapterSource: Sendable {
    /// An adapter of this package.
    case file(path: String, AdapterFile)
    /// A directory that PEFT wrote.
    case peft(PEFTAdapter)

    /// Opens an adapter file, the directory of a run, or a directory of PEFT.
    ///
    /// - Throws: `AdapterError`, naming the file and what is wrong with it.
    public init(_ argument: String) throws {
        if PEFTAdapter.isPresent(in: argument) {
            self = .peft(try PEFTAdapter(directory: argument))
        } else {
            let path = try AdapterFile.file(at: argument)
            self = .file(path: path, try AdapterFile.load(path: path))
        }
    }

    /// The arithmetic to use the adapter in: that of its training; `nil` where it is unknown and the model's own suits.
    public var arithmetic: Arithmetic? {
        switch self {
        case .file(_, let file): file.arithmetic
        case .peft: nil
        }
    }

    /// The last part of its path, and a hash of its files. Reads them.
    public func fingerprint() throws -> Fingerprint {
        switch self {
        case .file(let path, _):
            return Fingerprint(
                name: URL(filePath: path).lastPathComponent,
                content: SHA256.hash(try contents(ofFile: path)).hexadecimal)
        case .peft(let peft):
            var hash = SHA256()
            for file in peft.files { hash.update(try contents(ofFile: file)) }
            return Fingerprint(
                name: URL(filePath: peft.files[0]).deletingLastPathComponent().lastPathComponent,
                content: hash.finish().hexadecimal)
        }
    }
}

extension LoadedModel {
    /// The adapter that an argument names: a file, the directory of a run, or one of PEFT, whose base model becomes this one.
    ///
    /// - Throws: `AdapterError`, naming the file and what is wrong with it or how it differs from the model.
    public func adapter(at argument: String) throws -> AdapterFile { try adapter(from: AdapterSource(argument)) }

    /// The adapter of an opened source. Whether a file belongs to this model is checked where it is used.
    ///
    /// - Throws: `AdapterError` when the model has no modules of the shapes in it.
    public func adapter(from source: AdapterSource) throws -> AdapterFile {
        switch source {
        case .file(_, let file): file
        case .peft(let peft):
            try peft.adapter(
                of: checkpoint, baseModel: AdapterFile.BaseModel(name: name, fingerprint: fingerprint),
                arithmetic: arithmetic, toolVersion: "tinylora \(TinyLoRAVersion.current)")
        }
    }
}
