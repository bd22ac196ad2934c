"""JSON-RPC 2.0 as MCP uses it, without building values: messages stay the bytes that came. Shared by board and PC."""

from .codes import RpcError
from .find import find, items, names, pairs, validate
from .message import NOTIFICATION, REQUEST, RESPONSE, Message, id_key, parse
from .text import decode
from .writer import Writer, one_line
