import { isUtf8 } from 'node:buffer';
import sax from 'sax';
import { type XmlElement, XmlTree } from './xml-tree.ts';

/** Largest text read, in bytes. */
export const MAX_XML_BYTES = 4 * 1024 * 1024;
/**
 * Text goes to the parser in pieces of so many characters: it checks the length of names, comments
 * and attributes between two of them, and refuses what is longer than 64 KiB.
 */
const PIECE = 8192;

/**
 * Reads UTF-8 text as XML. Nothing outside of it is ever read: there is no DTD, no entity but the five
 * of XML itself, and no processing instruction. Size, depth, elements and attributes are bounded.
 *
 * @returns the root; undefined when the text is not such XML. There is no reason: it would only tell a
 *   stranger how to go on
 */
export function readXml(body: Buffer): XmlElement | undefined {
  if (body.length > MAX_XML_BYTES || !isUtf8(body) || hasControlCharacter(body)) return undefined;
  const text = body.toString('utf8');
  if (!text.trimStart().startsWith('<')) return undefined;
  const tree = new XmlTree();
  const parser = sax.parser(true, { ...OPTIONS });
  connect(parser, tree);
  try {
    for (let start = 0; start < text.length; start += PIECE) {
      parser.write(text.slice(start, start + PIECE));
      tree.pieceRead();
    }
    parser.close();
    return tree.root();
  } catch {
    // Whatever the parser stumbled over: this is not the XML it should be.
    return undefined;
  }
}

const OPTIONS = { xmlns: true, strictEntities: true };

function connect(parser: sax.SAXParser, tree: XmlTree): void {
  parser.onerror = (error) => {
    throw error;
  };
  parser.onopentagstart = () => tree.tagStarts();
  parser.onattribute = ({ name }) => tree.attribute(name);
  parser.onopennamespace = () => tree.namespaceOpens();
  parser.onclosenamespace = () => tree.namespaceCloses();
  parser.onopentag = (tag) => tree.open(tag as sax.QualifiedTag);
  parser.onclosetag = () => tree.close();
  parser.ontext = (text) => tree.text(text);
  parser.oncdata = (text) => tree.text(text);
  parser.onprocessinginstruction = (instruction) => tree.instruction(instruction);
  parser.oncomment = () => tree.otherNode();
  parser.ondoctype = refuse;
  parser.onsgmldeclaration = refuse;
}

function refuse(): never {
  throw new Error('There must be no document type.');
}

/** XML knows tab, line feed and carriage return; the parser lets the others pass. */
function hasControlCharacter(body: Buffer): boolean {
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] ?? 0;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return true;
  }
  return false;
}
